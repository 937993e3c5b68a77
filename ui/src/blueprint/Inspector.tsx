import { ChevronRight, Plus, Trash2, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useCommand, useQuery } from "../api/call";
import type { Attribute, AttributeType, Cardinality, Entity, Model, Relation, Requirement } from "../api/generated";
import { Ago, Button, Check, Choice, EditableText, IconButton, Loaded, Menu } from "../kit";
import { useMay, useProjectPlace } from "../project";
import { Thread } from "../rooms";
import { blueprint } from "./api";
import { kinds, priorities, states } from "./RequirementsPage";
import "./Inspector.css";

export const attributeTypes: readonly AttributeType[] = [
  "string",
  "text",
  "integer",
  "decimal",
  "money",
  "boolean",
  "date",
  "datetime",
  "enum",
  "email",
  "phone",
  "url",
  "file",
];
export const cardinalities: readonly Cardinality[] = ["one-to-one", "one-to-many", "many-to-one", "many-to-many"];

interface Props {
  project: string;
  selected: string;
}

/** Whatever is selected: its facts, its links, what was said, what happened, and why it is there. */
export function Inspector({ project, selected }: Props) {
  const { t } = useTranslation();
  const { select } = useProjectPlace();
  const may = useMay(project);
  const requirements = useQuery(blueprint.requirements, { project, query: null });
  const model = useQuery(blueprint.model, { project });
  const requirement = requirements.data?.find((row) => row.id === selected);
  const entity = model.data?.entities.find((row) => row.id === selected);
  const relation = model.data?.relations.find((row) => row.id === selected);
  if (!requirements.data || !model.data) return <aside className="inspector" aria-label={t("inspector.title")} />;
  if (!requirement && !entity && !relation) return null;
  const title = requirement?.key ?? entity?.name ?? t("inspector.relation");
  return (
    <aside className="inspector" aria-label={t("inspector.title")} data-testid="inspector">
      <header className="bar">
        <h2 className={requirement || entity ? "mono" : ""}>{title}</h2>
        <span className="soft grow">
          {t(requirement ? "inspector.requirement" : entity ? "inspector.entity" : "inspector.blank")}
        </span>
        <IconButton icon={X} label={t("inspector.close")} keys="Mod+I" onClick={() => select(null)} />
      </header>
      <div className="scroll inspector-body">
        {requirement && <RequirementFacts project={project} requirement={requirement} model={model.data} />}
        {entity && (
          <EntityFacts project={project} entity={entity} requirements={requirements.data} model={model.data} />
        )}
        {relation && <RelationFacts project={project} relation={relation} model={model.data} />}
        {!relation && (
          <>
            <Section title={t("rooms.comments")}>
              <Thread project={project} element={selected} readOnly={may.role === "viewer"} />
            </Section>
            <Fold title={t("inspector.why")}>
              <Why project={project} id={selected} />
            </Fold>
            <Fold title={t("inspector.history")}>
              <History project={project} id={selected} />
            </Fold>
          </>
        )}
      </div>
    </aside>
  );
}

/** What a role without edits sees, but cannot change: every control inside is switched off at once. */
function Editable({ project, children }: { project: string; children: ReactNode }) {
  return (
    <fieldset className="editable-group" disabled={!useMay(project).edit}>
      {children}
    </fieldset>
  );
}

function Section({ title, verb, children }: { title: string; verb?: ReactNode; children: ReactNode }) {
  return (
    <section className="inspector-section" aria-label={title}>
      <h3>
        {title}
        {verb}
      </h3>
      {children}
    </section>
  );
}

function Fold({ title, children }: { title: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <section className="inspector-section" aria-label={title}>
      <h3>
        <button type="button" className="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronRight aria-hidden /> {title}
        </button>
      </h3>
      {open && children}
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="fact">
      <span className="soft">{label}</span>
      <div>{children}</div>
    </div>
  );
}

function RequirementFacts({
  project,
  requirement,
  model,
}: {
  project: string;
  requirement: Requirement;
  model: Model;
}) {
  const { t } = useTranslation();
  const { open } = useProjectPlace();
  const { edit } = useMay(project);
  const set = useCommand(blueprint.set_requirement);
  const link = useCommand(blueprint.link);
  const briefs = useQuery(blueprint.briefs, requirement.source ? { project } : null);
  const brief = briefs.data?.find((entry) => entry.id === requirement.source?.brief);
  const change = (facts: Partial<Pick<Requirement, "kind" | "priority" | "state">>) =>
    void set.run({ project, id: requirement.id, ...facts });
  const others = model.entities.filter((entity) => !requirement.entities.some((linked) => linked.id === entity.id));
  return (
    <>
      <Section title={t("inspector.facts")}>
        <p className="selectable inspector-text">{requirement.text}</p>
        <Editable project={project}>
          <Fact label={t("requirements.kind")}>
            <Choice
              bare
              label={t("requirements.kind")}
              value={requirement.kind}
              options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))}
              onChange={(kind) => change({ kind })}
            />
          </Fact>
          <Fact label={t("requirements.priority")}>
            <Choice
              bare
              label={t("requirements.priority")}
              value={requirement.priority}
              options={priorities.map((value) => ({ value, label: t(`priority.${value}`) }))}
              onChange={(priority) => change({ priority })}
            />
          </Fact>
          <Fact label={t("requirements.state")}>
            <Choice
              bare
              label={t("requirements.state")}
              value={requirement.state}
              options={states.map((value) => ({ value, label: t(`requirement_state.${value}`) }))}
              onChange={(state) => change({ state })}
            />
          </Fact>
        </Editable>
      </Section>
      <Section
        title={t("inspector.data")}
        verb={
          edit &&
          others.length > 0 && (
            <Menu
              align="end"
              trigger={<IconButton icon={Plus} label={t("inspector.link")} />}
              verbs={others.map((entity) => ({
                label: entity.name,
                run: () => void link.run({ project, requirement: requirement.id, entity: entity.id, linked: true }),
              }))}
            />
          )
        }
      >
        {requirement.entities.length === 0 && <p className="soft">{t("inspector.no_links")}</p>}
        <ul>
          {requirement.entities.map((entity) => (
            <li key={entity.id} className="inspector-link">
              <button type="button" className="link mono" onClick={() => open("data", entity.id)}>
                {entity.name}
              </button>
              {edit && (
                <IconButton
                  icon={X}
                  label={t("inspector.unlink", { name: entity.name })}
                  onClick={() =>
                    void link.run({ project, requirement: requirement.id, entity: entity.id, linked: false })
                  }
                />
              )}
            </li>
          ))}
        </ul>
      </Section>
      {requirement.source && (
        <Section title={t("inspector.source")}>
          <blockquote className="quoted selectable">{requirement.source.sentence}</blockquote>
          {brief && (
            <p className="soft">
              {brief.title}, <Ago at={brief.added_at} />
            </p>
          )}
        </Section>
      )}
    </>
  );
}

function EntityFacts({
  project,
  entity,
  requirements,
  model,
}: {
  project: string;
  entity: Entity;
  requirements: Requirement[];
  model: Model;
}) {
  const { t } = useTranslation();
  const { open, select } = useProjectPlace();
  const relations = model.relations.filter((relation) => relation.from === entity.id || relation.to === entity.id);
  const set = useCommand(blueprint.set_entity, { inline: true });
  const add = useCommand(blueprint.add_attribute, { inline: true });
  const [name, setName] = useState("");
  const [unfolded, setUnfolded] = useState<string | null>(null);
  const addAttribute = async () => {
    const wanted = name.trim();
    if (!wanted) return;
    // "price: money" names the type in the same breath.
    const [, bare, type] = /^(.*?)(?:\s*:\s*(\w+))?$/.exec(wanted)!;
    const known = attributeTypes.find((candidate) => candidate === type);
    if (await add.run({ project, entity: entity.id, name: known ? bare! : wanted, type: known ?? "string" }))
      setName("");
  };
  return (
    <>
      <Editable project={project}>
        <Section title={t("inspector.facts")}>
          <Fact label={t("data.name")}>
            <EditableText
              mono
              label={t("data.name")}
              value={entity.name}
              onCommit={(next) =>
                void set.run({
                  project,
                  id: entity.id,
                  name: next,
                  ...(entity.label === entity.name ? { label: next } : {}),
                })
              }
              problem={set.problem("name")}
            />
          </Fact>
          <Fact label={t("data.label")}>
            <EditableText
              label={t("data.label")}
              value={entity.label}
              onCommit={(label) => void set.run({ project, id: entity.id, label })}
            />
          </Fact>
          <Fact label={t("data.note")}>
            <EditableText
              label={t("data.note")}
              value={entity.note}
              placeholder={t("data.no_note")}
              onCommit={(note) => void set.run({ project, id: entity.id, note })}
            />
          </Fact>
          {set.failure && (
            <p role="alert" className="field-problem">
              {set.failure.message}
            </p>
          )}
        </Section>
        <Section title={t("data.attributes")}>
          <ul className="attributes">
            {entity.attributes.map((attribute) => (
              <AttributeRow
                key={attribute.id}
                project={project}
                entity={entity.id}
                attribute={attribute}
                open={unfolded === attribute.id}
                onOpen={() => setUnfolded(unfolded === attribute.id ? null : attribute.id)}
              />
            ))}
          </ul>
          <input
            className="input mono"
            data-testid="new-attribute"
            aria-label={t("data.add_attribute")}
            placeholder={t("data.add_attribute_hint")}
            value={name}
            spellCheck={false}
            onChange={(event) => (setName(event.target.value), add.reset())}
            onKeyDown={(event) => event.key === "Enter" && void addAttribute()}
          />
          {add.failure && (
            <p role="alert" className="field-problem">
              {add.failure.message}
            </p>
          )}
        </Section>
      </Editable>
      {relations.length > 0 && (
        <Section title={t("data.relations")}>
          <ul>
            {relations.map((relation) => {
              const name = (id: string) => model.entities.find((each) => each.id === id)?.name ?? "";
              return (
                <li key={relation.id} className="inspector-link">
                  <button type="button" className="link mono" onClick={() => select(relation.id)}>
                    {name(relation.from)} {relation.label || "–"} {name(relation.to)}
                  </button>
                  <span className="soft relation-kind">{t(`cardinality.${relation.cardinality}`)}</span>
                </li>
              );
            })}
          </ul>
        </Section>
      )}
      <Section title={t("inspector.needed_by")}>
        {entity.requirements.length === 0 && <p className="soft">{t("inspector.no_requirements")}</p>}
        <ul>
          {entity.requirements.map((row) => (
            <li key={row.id} className="inspector-link">
              <button type="button" className="link" onClick={() => open("requirements", row.id)}>
                <span className="mono">{row.key}</span> {requirements.find((each) => each.id === row.id)?.text}
              </button>
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}

interface AttributeProps {
  project: string;
  entity: string;
  attribute: Attribute;
  open: boolean;
  onOpen(): void;
}

function AttributeRow({ project, entity, attribute, open, onOpen }: AttributeProps) {
  const { t } = useTranslation();
  const set = useCommand(blueprint.set_attribute);
  const remove = useCommand(blueprint.remove_attribute);
  const change = (facts: Partial<Omit<Attribute, "id" | "label">>) =>
    void set.run({ project, entity, id: attribute.id, ...facts });
  return (
    <li className="attribute">
      <div className="attribute-line">
        <button
          type="button"
          className="attribute-open"
          aria-expanded={open}
          aria-label={t("data.attribute_more", { name: attribute.name })}
          onClick={onOpen}
        >
          <ChevronRight aria-hidden />
        </button>
        <EditableText
          mono
          label={t("data.attribute_name")}
          value={attribute.name}
          onCommit={(name) => change({ name })}
        />
        <Choice
          bare
          mono
          label={t("data.type_of", { name: attribute.name })}
          value={attribute.type}
          options={attributeTypes.map((value) => ({ value, label: value, hint: t(`type.${value}`) }))}
          onChange={(type) => change({ type })}
        />
      </div>
      {open && (
        <div className="attribute-more">
          <Check
            label={t("data.required")}
            checked={attribute.required}
            onChange={(event) => change({ required: event.target.checked })}
          />
          <Check
            label={t("data.unique")}
            checked={attribute.unique}
            onChange={(event) => change({ unique: event.target.checked })}
          />
          {attribute.type === "enum" && (
            <label className="attribute-values">
              <span>{t("data.values")}</span>
              <input
                className="input mono"
                defaultValue={attribute.values.join(", ")}
                key={attribute.values.join()}
                spellCheck={false}
                onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
                onBlur={(event) => {
                  const values = event.currentTarget.value
                    .split(",")
                    .map((value) => value.trim())
                    .filter(Boolean);
                  if (values.join() !== attribute.values.join()) change({ values });
                }}
              />
            </label>
          )}
          <button
            type="button"
            className="link danger"
            onClick={() => void remove.run({ project, entity, id: attribute.id })}
          >
            <Trash2 aria-hidden /> {t("data.delete_attribute", { name: attribute.name })}
          </button>
        </div>
      )}
    </li>
  );
}

function RelationFacts({ project, relation, model }: { project: string; relation: Relation; model: Model }) {
  const { t } = useTranslation();
  const { select } = useProjectPlace();
  const set = useCommand(blueprint.set_relation);
  const remove = useCommand(blueprint.remove_relation);
  const name = (id: string) => model.entities.find((entity) => entity.id === id)?.name ?? "";
  return (
    <Section title={t("inspector.facts")}>
      <Fact label={t("data.from")}>
        <button type="button" className="link mono" onClick={() => select(relation.from)}>
          {name(relation.from)}
        </button>
      </Fact>
      <Fact label={t("data.to")}>
        <button type="button" className="link mono" onClick={() => select(relation.to)}>
          {name(relation.to)}
        </button>
      </Fact>
      <Editable project={project}>
        <Fact label={t("data.cardinality")}>
          <Choice
            bare
            label={t("data.cardinality")}
            value={relation.cardinality}
            options={cardinalities.map((value) => ({ value, label: t(`cardinality.${value}`) }))}
            onChange={(cardinality) => void set.run({ project, id: relation.id, cardinality })}
          />
        </Fact>
        <Fact label={t("data.label")}>
          <EditableText
            label={t("data.label")}
            value={relation.label}
            placeholder={t("data.no_label")}
            onCommit={(label) => void set.run({ project, id: relation.id, label })}
          />
        </Fact>
        <button
          type="button"
          className="link danger"
          onClick={() => void remove.run({ project, id: relation.id }).then((done) => done && select(null))}
        >
          <Trash2 aria-hidden /> {t("data.delete_relation")}
        </button>
      </Editable>
    </Section>
  );
}

function Why({ project, id }: { project: string; id: string }) {
  const { t } = useTranslation();
  const why = useQuery(blueprint.why, { project, id });
  return (
    <Loaded query={why} rows={3}>
      {({ steps }) =>
        steps.length === 0 ? (
          <p className="soft">{t("inspector.no_why")}</p>
        ) : (
          <ol className="steps">
            {steps.map((step, index) => (
              <li key={index}>
                <strong>{step.title}</strong> {step.at && <Ago at={step.at} />}
                <p className="selectable">{step.detail}</p>
              </li>
            ))}
          </ol>
        )
      }
    </Loaded>
  );
}

function History({ project, id }: { project: string; id: string }) {
  const { t } = useTranslation();
  const { open } = useProjectPlace();
  const history = useQuery(blueprint.history, { project, id });
  return (
    <Loaded query={history} rows={3}>
      {(changes) =>
        changes.length === 0 ? (
          <p className="soft">{t("inspector.no_history")}</p>
        ) : (
          <>
          <Button look="quiet" onClick={() => open("history", id)}>
            {t("history.open")}
          </Button>
          <ol className="steps">
            {changes.map((change) => (
              <li key={change.hash} className={change.pending ? "pending" : ""}>
                {change.message}
                <p className="soft">
                  {change.mine ? t("inspector.you") : change.author}, <Ago at={change.at} />{" "}
                  <span className="mono">{change.hash.slice(0, 7)}</span>
                </p>
              </li>
            ))}
          </ol>
          </>
        )
      }
    </Loaded>
  );
}
