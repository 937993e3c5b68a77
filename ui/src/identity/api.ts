import { command, query } from "../api/call";

export const identity = {
  probe: query("identity.probe"),
  sign_in: command("identity.sign_in"),
  sign_up: command("identity.sign_up"),
  sign_out: command("identity.sign_out"),
};
