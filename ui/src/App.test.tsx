import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { createQueryClient } from "./api/call";
import { App } from "./App";
import { installPlatform } from "./platform";
import { fakePlatform, type FakeOptions } from "./platform/fake";

function open(options: FakeOptions = {}) {
  const fake = fakePlatform(options);
  installPlatform(fake);
  render(
    <QueryClientProvider client={createQueryClient()}>
      <App />
    </QueryClientProvider>,
  );
  return { fake, user: userEvent.setup() };
}
const rows = () => screen.getAllByTestId("requirement-row");
const firstProject = async (fake: ReturnType<typeof fakePlatform>) =>
  ((await fake.call("project.list", {})) as { id: string }[])[0]!.id;
/** Waits until what was typed has reached the store. */
const kept = async (fake: ReturnType<typeof fakePlatform>, text: string) => {
  const project = await firstProject(fake);
  await waitFor(async () => {
    const list = (await fake.call("blueprint.requirements", { project })) as { text: string }[];
    expect(list.map((each) => each.text)).toContain(text);
  });
};

test("from an empty sheet to an accepted blueprint, by keyboard alone", async () => {
  const { user, fake } = open();
  const sheet = await screen.findByTestId("sheet");
  await waitFor(() => expect(sheet).toHaveFocus());
  await user.keyboard("Customers order parts and pay by card. The warehouse gets a message.");
  await user.keyboard("{Control>}{Enter}{/Control}");
  const accept = await screen.findByTestId("accept");
  const total = screen.getAllByTestId("change-item").length;
  expect(accept).toHaveTextContent(`Accept ${total} of ${total}`);
  expect(fake.title).toBe("Customers order parts and · Scantling");

  // The first box has the focus; its section is taken out and put back by Space.
  await waitFor(() => expect(screen.getByRole("checkbox", { name: "All of: Requirements" })).toHaveFocus());
  await user.keyboard(" ");
  expect(accept).toHaveTextContent(`Accept ${total - 2} of ${total}`);
  await user.keyboard(" ");
  await user.tab();
  expect(screen.getByTestId("source-sentence")).toHaveTextContent("Customers order parts and pay by card.");
  await user.keyboard("{Control>}{Enter}{/Control}");

  await waitFor(() => expect(rows()).toHaveLength(2));
  expect(rows()[0]).toHaveAttribute("data-key", "R-1");
  await user.keyboard("{Control>}2{/Control}");
  await waitFor(() => expect(screen.getAllByTestId("entity-node").map((node) => node.dataset.name)).toContain("order"));
  expect(screen.getAllByTestId("relation").length).toBeGreaterThan(0);
});

test("taking an entity out takes its attributes and relations along", async () => {
  const { user } = open();
  await user.type(await screen.findByTestId("sheet"), "Customers order parts.");
  await user.keyboard("{Control>}{Enter}{/Control}");
  await screen.findByTestId("accept");
  const box = (name: RegExp) => screen.getByRole("checkbox", { name });
  await user.click(box(/^order: /));
  expect(box(/^placed_at: /)).not.toBeChecked();
  expect(box(/^customer places order: /)).not.toBeChecked();
  await user.click(box(/^customer places order: /));
  expect(box(/^order: /)).toBeChecked();
});

test("a refused translation keeps the text and says why", async () => {
  const { user, fake } = open();
  fake.refuse("blueprint.propose", { code: "internal", message: "The translator stopped." });
  await user.type(await screen.findByTestId("sheet"), "Sell cakes.");
  await user.keyboard("{Control>}{Enter}{/Control}");
  expect(await screen.findByRole("alert")).toHaveTextContent("The translator stopped. Your text is kept.");
  expect(screen.getByTestId("sheet")).toHaveValue("Sell cakes.");
});

test("requirements are added, edited, moved, deleted and brought back by keyboard", async () => {
  const { user, fake } = open({ sample: true });
  await screen.findAllByTestId("requirement-row");
  const before = rows().length;
  await user.keyboard("n");
  await waitFor(() => expect(screen.getByTestId("new-requirement")).toHaveFocus());
  await user.keyboard("Orders are exported{Enter}{Escape}");
  await waitFor(() => expect(rows()).toHaveLength(before + 1));
  expect(rows().at(-1)).toHaveTextContent("Orders are exported");

  rows()[0]!.focus();
  await user.keyboard("{Enter}");
  const field = await screen.findByTestId("requirement-text");
  await user.type(field, " by post");
  await user.keyboard("{Escape}");
  await waitFor(() => expect(rows()[0]).toHaveTextContent("We sell bike parts by post"));
  await waitFor(() => expect(rows()[0]).toHaveFocus());

  await user.keyboard("{Alt>}{ArrowDown}{/Alt}");
  await waitFor(() => expect(rows()[1]).toHaveAttribute("data-key", "R-1"));
  await waitFor(() => expect(rows()[1]).toHaveFocus());
  await user.keyboard("{Delete}");
  await waitFor(() => expect(rows()).toHaveLength(before));
  expect(screen.getByTestId("toast")).toHaveTextContent("Deleted R-1.");
  await user.keyboard("{Control>}z{/Control}");
  await waitFor(() => expect(rows()).toHaveLength(before + 1));
  expect(fake.calls.some((call) => call.name === "blueprint.undo")).toBe(true);
});

test("lines typed quickly below a row keep their order and lose no letter", async () => {
  const { user } = open({ sample: true, delay: 5 });
  const first = (await screen.findAllByTestId("requirement-row"))[0]!;
  first.focus();
  await user.keyboard("n");
  await waitFor(() => expect(screen.getByTestId("new-requirement")).toHaveFocus());
  await user.keyboard("one{Enter}two{Enter}three{Enter}four{Enter}");
  await waitFor(() =>
    expect(
      rows()
        .slice(0, 6)
        .map((row) => row.querySelector(".requirement-text")?.textContent),
    ).toEqual(["We sell bike parts", "one", "two", "three", "four", "Stock and prices come from 1C every ten minutes"]),
  );
  expect(screen.getByTestId("new-requirement")).toHaveFocus();
  await user.keyboard("{Escape}");
  await waitFor(() => expect(rows()[4]).toHaveFocus());
});

test("another device's edit reaches an open text field and leaves the caret in place", async () => {
  const { user, fake } = open({ sample: true });
  const row = (await screen.findAllByTestId("requirement-row"))[0]!;
  row.focus();
  await user.keyboard("{Enter}");
  const field = (await screen.findByTestId("requirement-text")) as HTMLTextAreaElement;
  await user.type(field, " now");
  await kept(fake, "We sell bike parts now");
  field.setSelectionRange(7, 7);
  fake.remoteEdit(await firstProject(fake), row.dataset.id!, "Today we sell bike parts now");
  await waitFor(() => expect(field).toHaveValue("Today we sell bike parts now"));
  expect(field.selectionStart).toBe(field.value.indexOf(" bike"));
});

test("undo inside a requirement's text is the core's", async () => {
  const { user, fake } = open({ sample: true });
  (await screen.findAllByTestId("requirement-row"))[0]!.focus();
  await user.keyboard("{Enter}");
  const field = await screen.findByTestId("requirement-text");
  await user.type(field, "x");
  await kept(fake, "We sell bike partsx");
  await user.keyboard("{Control>}z{/Control}");
  await waitFor(() => expect(field).toHaveValue("We sell bike parts"));
});

test("an entity gains an attribute and a relation by keyboard", async () => {
  const { user } = open({ sample: true });
  await screen.findAllByTestId("requirement-row");
  await user.keyboard("{Control>}2{/Control}");
  const node = await waitFor(() =>
    screen.getAllByTestId("entity-node").find((each) => each.dataset.name === "payment")!,
  );
  await user.keyboard("{ArrowDown}");
  await waitFor(() => expect(screen.getAllByTestId("entity-node")[0]).toHaveFocus());
  node.focus();
  const heading = await screen.findByRole("heading", { name: "payment" });
  const inspector = heading.closest<HTMLElement>("[data-testid=inspector]")!;
  await user.type(within(inspector).getByTestId("new-attribute"), "fee: money{Enter}");
  await waitFor(() => expect(screen.getByRole("group", { name: "payment, 4 attributes" })).toHaveTextContent("fee"));

  const relations = screen.getAllByTestId("relation").length;
  screen.getByRole("group", { name: "payment, 4 attributes" }).focus();
  await user.keyboard("c");
  expect(await screen.findByText(/^Connect payment with/)).toBeInTheDocument();
  await user.keyboard("{ArrowLeft}");
  await user.keyboard("{Enter}");
  await waitFor(() => expect(screen.getAllByTestId("relation")).toHaveLength(relations + 1));
});

test("sharing: a setup link, the first account, an invitation to copy", async () => {
  const { user, fake } = open({ sample: true });
  await screen.findAllByTestId("requirement-row");
  await user.keyboard("{Control>}{Shift>}s{/Shift}{/Control}");
  await user.type(await screen.findByTestId("share-link"), "https://sync.example.com/#/setup/abc{Enter}");
  await user.type(await screen.findByLabelText("Name"), "Ada");
  await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "short{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("at least 12");
  await user.type(screen.getByLabelText("Password"), " but now long enough{Enter}");
  await user.click(await screen.findByRole("button", { name: "Create link" }));
  const link = await screen.findByTestId("invite-link");
  await user.click(screen.getByRole("button", { name: "Copy link" }));
  expect(fake.copied).toEqual([(link as HTMLInputElement).value]);
  await waitFor(() => expect(screen.getByTestId("badge")).toHaveAttribute("data-state", "proven"));
});

test("the sync inspector shows both hashes, and a refused entry with its verbs", async () => {
  const { user, fake } = open({ sample: true });
  await screen.findAllByTestId("requirement-row");
  fake.addRefused({
    id: "cmt_x",
    what: "Comment",
    reason: "You may no longer comment.",
    at: new Date().toISOString(),
    can_retry: true,
    text: "Hello",
  });
  location.hash = "#/settings/sync";
  const entry = await screen.findByTestId("refused-entry");
  expect(entry).toHaveTextContent("You may no longer comment.");
  await waitFor(() => expect(screen.getByTestId("badge")).toHaveAttribute("data-state", "refused"));
  await user.click(within(entry).getByRole("button", { name: "Discard" }));
  await waitFor(() => expect(screen.queryByTestId("refused-entry")).toBeNull());
});

test("what was decided differently is shown with both authors, and one click decides", async () => {
  const { user, fake } = open({ sample: true });
  await screen.findAllByTestId("requirement-row");
  expect(screen.queryByTestId("conflicts")).toBeNull();
  fake.addConflict();
  const card = await screen.findByTestId("conflict");
  expect(card).toHaveTextContent("Priority");
  expect(card).toHaveTextContent("Ben");
  await user.click(within(card).getByRole("button", { name: /^Keep Could for/ }));
  await waitFor(() => expect(screen.queryByTestId("conflicts")).toBeNull());
  expect(within(screen.getAllByTestId("requirement-row")[0]!).getByRole("button", { name: /Could/ })).toBeVisible();
});

test("the palette finds an item and goes there; the language changes at once", async () => {
  const { user, fake } = open({ sample: true });
  await screen.findAllByTestId("requirement-row");
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox"), "payment");
  await user.keyboard("{ArrowUp}");
  await user.keyboard("{ArrowDown}");
  await waitFor(() => expect(screen.getAllByRole("option").length).toBeGreaterThan(0));
  await user.click(screen.getByRole("option", { name: /payment/ }));
  await waitFor(() => expect(location.hash).toMatch(/\/data\/ent_/));
  await fake.call("workspace.set_preferences", { language: "ru" });
  expect(await screen.findByRole("heading", { name: "Данные" })).toBeInTheDocument();
});

test("a viewer is offered no edits, and is told why", async () => {
  const { user, fake } = open();
  await screen.findByTestId("sheet");
  const joined = (await fake.call("project.join", { link: "https://sync.example.com/#/join/x" })) as { id: string };
  const made = (await fake.call("blueprint.add_requirement", { project: joined.id, text: "Sell cakes" })) as {
    id: string;
  };
  fake.setRole(joined.id, "viewer");
  location.hash = `#/p/${joined.id}/requirements/${made.id}`;
  const row = await screen.findByTestId("requirement-row");
  expect(screen.getByTestId("role-note")).toHaveTextContent("Viewer: reads");
  expect(screen.queryByTestId("new-requirement")).toBeNull();
  row.focus();
  await user.keyboard("{Enter}{Delete}");
  expect(screen.queryByTestId("requirement-text")).toBeNull();
  expect(fake.calls.some((call) => call.name === "blueprint.remove_requirement")).toBe(false);
  expect(within(screen.getByTestId("inspector")).getByRole("button", { name: /^Kind/ })).toBeDisabled();
});

test("the window's menu offers what the screen answers, and brings the sync inspector where it is needed", async () => {
  const { fake } = open();
  const sheet = await screen.findByTestId("sheet");
  await waitFor(() => expect(fake.offered).toContain("project.create"));
  expect(fake.offered).not.toContain("undo");
  await waitFor(() => expect(sheet).toHaveFocus());
  fake.menu("sync.verify");
  expect(await screen.findByTestId("verify-report")).toBeVisible();
});
