export { projects } from "./api";
export { Switcher } from "./Switcher";
export { useProjectPlace, useProjects, useProject, pathOf, placeOf, lastProject, type Page } from "./place";
