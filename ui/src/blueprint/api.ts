import { command, query, useQuery } from "../api/call";
import type { Hit } from "../api/generated";

export const blueprint = {
  propose: query("blueprint.propose"),
  briefs: query("blueprint.briefs"),
  requirements: query("blueprint.requirements"),
  model: query("blueprint.model"),
  text: query("blueprint.text"),
  history: query("blueprint.history"),
  conflicts: query("blueprint.conflicts"),
  moments: query("blueprint.moments"),
  at: query("blueprint.at"),
  compare: query("blueprint.compare"),
  versions: query("blueprint.versions"),
  search: query("blueprint.search"),
  why: query("blueprint.why"),
  accept: command("blueprint.accept"),
  add_requirement: command("blueprint.add_requirement"),
  set_requirement: command("blueprint.set_requirement"),
  move_requirement: command("blueprint.move_requirement"),
  remove_requirement: command("blueprint.remove_requirement"),
  edit_text: command("blueprint.edit_text"),
  add_entity: command("blueprint.add_entity"),
  set_entity: command("blueprint.set_entity"),
  place_entities: command("blueprint.place_entities"),
  remove_entity: command("blueprint.remove_entity"),
  add_attribute: command("blueprint.add_attribute"),
  set_attribute: command("blueprint.set_attribute"),
  remove_attribute: command("blueprint.remove_attribute"),
  add_relation: command("blueprint.add_relation"),
  set_relation: command("blueprint.set_relation"),
  remove_relation: command("blueprint.remove_relation"),
  link: command("blueprint.link"),
  resolve: command("blueprint.resolve"),
  restore: command("blueprint.restore"),
  name_version: command("blueprint.name_version"),
  remove_version: command("blueprint.remove_version"),
  undo: command("blueprint.undo"),
  redo: command("blueprint.redo"),
};

const none: Hit[] = [];

export function useBlueprintSearch(project: string | null, text: string): Hit[] {
  const wanted = text.trim();
  const { data } = useQuery(blueprint.search, project && wanted ? { project, query: wanted } : null, { keep: true });
  return (wanted && data) || none;
}
