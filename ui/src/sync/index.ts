export { SyncBadge } from "./Badge";
export { badgeWords } from "./words";
export { sync } from "./api";
