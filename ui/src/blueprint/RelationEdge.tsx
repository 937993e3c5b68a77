import { EdgeLabelRenderer, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../api/call";
import type { Relation } from "../api/generated";
import { Choice } from "../kit";
import { blueprint } from "./api";
import { endSign, isMany, roundedPath, type Route } from "./route";

export interface RelationEdgeData extends Record<string, unknown> {
  relation: Relation;
  route: Route;
  project: string;
}
export type RelationEdgeType = Edge<RelationEdgeData, "relation">;

/** A line with crow's-foot ends; selected, it offers its cardinality where it stands. */
export const RelationEdge = memo(function RelationEdge({ id, data, selected }: EdgeProps<RelationEdgeType>) {
  const { t } = useTranslation();
  const set = useCommand(blueprint.set_relation);
  if (!data) return null;
  const { relation, route, project } = data;
  const first = route.points[0]!;
  const last = route.points[route.points.length - 1]!;
  const path = roundedPath(route.points);
  return (
    <>
      <path className="relation-reach" d={path} />
      <path className={`relation ${selected ? "selected" : ""}`} data-testid="relation" data-id={id} d={path} />
      <path
        className={`relation ${selected ? "selected" : ""}`}
        d={
          endSign(first, route.fromSide, isMany(relation.cardinality, "from")) +
          endSign(last, route.toSide, isMany(relation.cardinality, "to"))
        }
      />
      {((relation.label && !route.crowded) || selected) && (
        <EdgeLabelRenderer>
          <div
            className={`relation-label nodrag nopan ${selected ? "selected" : ""}`}
            style={{ transform: `translate(-50%, -50%) translate(${route.label.x}px, ${route.label.y}px)` }}
          >
            {relation.label && <span>{relation.label}</span>}
            {selected && (
              <Choice
                bare
                label={t("data.cardinality")}
                value={relation.cardinality}
                options={(["one-to-one", "one-to-many", "many-to-one", "many-to-many"] as const).map((value) => ({
                  value,
                  label: t(`cardinality.${value}`),
                }))}
                onChange={(cardinality) => void set.run({ project, id: relation.id, cardinality })}
              />
            )}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
