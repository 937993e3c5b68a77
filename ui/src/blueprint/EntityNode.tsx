import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { MessageSquare } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Entity } from "../api/generated";
import { EditableText, isPointerDown } from "../kit";

export interface EntityNodeData extends Record<string, unknown> {
  entity: Entity;
  tabbable: boolean;
  renaming: boolean;
  /** The relation being drawn starts here. */
  source: boolean;
  onRename(name: string): void;
  onRenaming(open: boolean): void;
  onFocus(): void;
}
export type EntityNodeType = Node<EntityNodeData, "entity">;

const sides = [Position.Left, Position.Right, Position.Top, Position.Bottom];

/** One entity as a ruled table: its name, then each attribute with its type. */
export const EntityNode = memo(function EntityNode({ data, selected }: NodeProps<EntityNodeType>) {
  const { t } = useTranslation();
  const { entity, tabbable, renaming, source, onRename, onRenaming, onFocus } = data;
  return (
    <div
      className={`entity ${selected ? "selected" : ""} ${entity.pending ? "pending" : ""} ${source ? "connects" : ""}`}
      role="group"
      aria-roledescription={t("inspector.entity")}
      aria-label={t("data.entity_name", { name: entity.name, count: entity.attributes.length })}
      aria-current={selected ? "true" : undefined}
      data-testid="entity-node"
      data-id={entity.id}
      data-name={entity.name}
      tabIndex={tabbable ? 0 : -1}
      onFocus={(event) => event.target === event.currentTarget && !isPointerDown() && onFocus()}
    >
      <div className="entity-head" onDoubleClick={() => onRenaming(true)}>
        {renaming ? (
          <EditableText label={t("data.name")} value={entity.name} editing onEditing={onRenaming} onCommit={onRename} />
        ) : (
          <span className="entity-name">{entity.name}</span>
        )}
        {entity.comments > 0 && (
          <span
            className={`entity-comments ${entity.unread ? "unread" : ""}`}
            role="img"
            aria-label={t("rooms.count", { count: entity.comments })}
          >
            <MessageSquare aria-hidden />
            {entity.comments}
          </span>
        )}
      </div>
      <ul className="mono entity-rows">
        {entity.attributes.map((attribute) => (
          <li key={attribute.id}>
            <span className="entity-attribute">
              {attribute.name}
              {attribute.required && <abbr title={t("data.required")}>*</abbr>}
            </span>
            <span className="soft">
              {attribute.unique && <abbr title={t("data.unique")}>u </abbr>}
              {attribute.type}
            </span>
          </li>
        ))}
        {entity.attributes.length === 0 && <li className="soft">{t("data.no_attributes")}</li>}
      </ul>
      {sides.map((side) => (
        <Handle key={side} id={side} type="source" position={side} aria-hidden />
      ))}
    </div>
  );
});
