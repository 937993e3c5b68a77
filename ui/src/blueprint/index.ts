export { useBlueprintSearch } from "./api";
