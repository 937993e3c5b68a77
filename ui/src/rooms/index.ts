export { Thread, prefillComment } from "./Thread";
