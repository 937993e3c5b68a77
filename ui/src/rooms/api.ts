import { command, query } from "../api/call";

export const rooms = {
  thread: query("rooms.thread"),
  comment: command("rooms.comment"),
  mark_read: command("rooms.mark_read"),
};
