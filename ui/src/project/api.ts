import { command, query } from "../api/call";

export const projects = {
  list: query("project.list"),
  members: query("project.members"),
  create: command("project.create"),
  rename: command("project.rename"),
  remove: command("project.remove"),
  restore: command("project.restore"),
  share: command("project.share"),
  join: command("project.join"),
  invite: command("project.invite"),
  set_role: command("project.set_role"),
  remove_member: command("project.remove_member"),
};
