import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { TooltipProvider } from "../kit/Tooltip";
import { Console } from "./Console";

const open = (hash: string) => {
  location.hash = hash;
  render(
    <TooltipProvider>
      <Console />
    </TooltipProvider>,
  );
  return userEvent.setup();
};
const answer = (status: number, body: unknown) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => new Response(JSON.stringify(body), { status })),
  );
const fill = async (user: ReturnType<typeof userEvent.setup>) => {
  await user.type(screen.getByLabelText("Name"), "Ada");
  await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "long enough a word{Enter}");
};
afterEach(() => void vi.unstubAllGlobals());

test("a setup link creates the first account", async () => {
  answer(201, {});
  const user = open("#/setup/one-time");
  await fill(user);
  expect(await screen.findByText(/The account is ready/)).toBeInTheDocument();
  expect(fetch).toHaveBeenCalledWith("/v1/identity/setup", expect.objectContaining({ method: "POST" }));
  expect(JSON.parse(vi.mocked(fetch).mock.calls[0]![1]!.body as string)).toEqual({
    token: "one-time",
    name: "Ada",
    email: "ada@example.com",
    password: "long enough a word",
  });
});

test("the server's problem stands at its field, and another one below the form", async () => {
  answer(422, { title: "Invalid", detail: "This password is too common.", field: "password" });
  const user = open("#/setup/one-time");
  await fill(user);
  expect(await screen.findByRole("alert")).toHaveTextContent("This password is too common.");
  expect(screen.getByLabelText("Password")).toHaveAccessibleDescription("This password is too common.");
  answer(410, { detail: "This link was used already." });
  await user.click(screen.getByRole("button", { name: "Create account" }));
  expect(await screen.findByText("This link was used already.")).toBeInTheDocument();
});

test("an invitation offers its own link to copy", () => {
  open("#/join/abc");
  expect(screen.getByTestId("console-link")).toHaveValue(location.href);
});
