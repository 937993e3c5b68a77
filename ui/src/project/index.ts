export { projects } from "./api";
export { Switcher } from "./Switcher";
export { useProjectPlace, useProjects, useProject, useMay, pathOf, placeOf, lastProject, type Page } from "./place";
export { RoleNote } from "./RoleNote";
