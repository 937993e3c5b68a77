import { command, query } from "../api/call";

export const workspace = {
  status: query("workspace.status"),
  verify: command("workspace.verify"),
  set_preferences: command("workspace.set_preferences"),
};
