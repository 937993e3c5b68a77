import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { App } from "../App";
import { createQueryClient } from "../api/call";
import { installPlatform } from "../platform";
import { fakePlatform } from "../platform/fake";

async function open() {
  const fake = fakePlatform();
  installPlatform(fake);
  const { id: project } = (await fake.call("project.create", { name: "Bicycle shop" })) as { id: string };
  const first = (await fake.call("blueprint.add_requirement", { project, text: "Orders are paid." })) as { id: string };
  await fake.call("blueprint.add_requirement", { project, text: "Orders are sent." });
  await fake.call("blueprint.remove_requirement", { project, id: first.id });
  location.hash = `#/p/${project}/history`;
  render(
    <QueryClientProvider client={createQueryClient()}>
      <App />
    </QueryClientProvider>,
  );
  const texts = async () =>
    ((await fake.call("blueprint.requirements", { project })) as { text: string }[]).map((it) => it.text);
  return { fake, project, texts, user: userEvent.setup() };
}

test("moving along the timeline shows the blueprint as it was, and what differs from now", async () => {
  const { user } = await open();
  const slider = await screen.findByTestId("time-slider");
  expect(slider).toHaveAttribute("aria-valuetext", "Now");
  expect(screen.getAllByTestId("sitting")).toHaveLength(3);
  fireEvent.change(slider, { target: { value: "1" } });
  const difference = await screen.findByTestId("difference");
  expect(difference).toHaveTextContent("R-1");
  expect(difference).toHaveTextContent("removed since");
  await user.click(screen.getByRole("button", { name: "Requirements" }));
  expect(screen.getAllByTestId("requirement-then").map((row) => row.textContent)).toEqual([
    expect.stringContaining("Orders are paid."),
    expect.stringContaining("Orders are sent."),
  ]);
  expect(slider.getAttribute("aria-valuetext")).toContain("You");
});

test("a chosen element comes back as a new change, and undo takes that back", async () => {
  const { user, texts } = await open();
  fireEvent.change(await screen.findByTestId("time-slider"), { target: { value: "1" } });
  await user.click(within(await screen.findByTestId("difference")).getByRole("checkbox", { name: "Choose R-1" }));
  await user.click(screen.getByTestId("restore-chosen"));
  await waitFor(async () => expect((await texts()).toSorted()).toEqual(["Orders are paid.", "Orders are sent."]));
  expect(await screen.findByText("Nothing differs from that moment.")).toBeInTheDocument();
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(async () => expect(await texts()).toEqual(["Orders are sent."]));
});

test("a moment is named, found on the timeline, compared and copied as a list", async () => {
  const { user, fake } = await open();
  await screen.findByTestId("time-slider");
  await user.keyboard("[[");
  expect(await screen.findByText("Nothing differs from that moment.")).toBeInTheDocument();
  await user.keyboard("[[");
  await screen.findByTestId("difference");
  await user.click(screen.getByTestId("name-version"));
  await user.type(await screen.findByTestId("version-name"), "Sent to the client");
  await user.keyboard("{Enter}");
  const flag = await screen.findByTestId("version-flag");
  expect(flag).toHaveTextContent("Sent to the client");
  expect(screen.getByTestId("time-slider")).toHaveAttribute("aria-valuetext", "Sent to the client");
  await user.click(screen.getByRole("button", { name: "Copy as a list" }));
  await waitFor(() => expect(fake.copied).toEqual(["- R-1: Orders are paid.\n"]));
});
