export { ShareDialog } from "./ShareDialog";
export { JoinDialog } from "./JoinDialog";
export { Accounts } from "./Accounts";
