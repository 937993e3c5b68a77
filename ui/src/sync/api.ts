import { command, query } from "../api/call";

export const sync = {
  badge: query("sync.badge"),
  inspect: query("sync.inspect"),
  now: command("sync.now"),
  parts: query("sync.parts"),
  compare: command("sync.compare"),
  pause: command("sync.pause"),
  retry: command("sync.retry"),
  discard: command("sync.discard"),
};

/** Verifying spans the whole store, so its command is the workspace's; the report belongs beside the hashes. */
export const verify = command("workspace.verify");
