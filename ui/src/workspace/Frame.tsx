import { Database, FilePenLine, History, ListChecks, PanelLeft, RefreshCcw, User, type LucideIcon } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { IconButton, Tooltip, Toaster, useVerbKeys, useVerbs } from "../kit";
import { platform } from "../platform";
import { Switcher, lastProject, pathOf, useProject, useProjectPlace } from "../project";
import { SyncBadge } from "../sync";
import { Palette } from "./Palette";
import { Shortcuts } from "./Shortcuts";
import { useMenu } from "./menu";
import "./Frame.css";

/** The frame of every screen: the badge, the project, the places. */
export function Frame({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [collapsed, setCollapsed] = useState(() => localStorage.getItem("scantling.sidebar") === "narrow");
  const [path, go] = useLocation();
  const { place } = useProjectPlace();
  const remembered = place?.project ?? lastProject.get();
  const project = useProject(remembered);
  useVerbKeys();
  useMenu();

  useEffect(() => localStorage.setItem("scantling.sidebar", collapsed ? "narrow" : "wide"), [collapsed]);
  useEffect(() => {
    if (place) lastProject.set(place.project);
  }, [place?.project]);
  useEffect(() => platform().setTitle(project ? `${project.name} · Scantling` : "Scantling"), [project?.name]);

  const toggle = () => setCollapsed((now) => !now);
  useVerbs([
    {
      id: "go.requirements",
      label: t("place.requirements"),
      keys: "Mod+1",
      group: "go",
      inText: true,
      disabled: !project,
      run: () => go(pathOf(project!.id, "requirements")),
    },
    {
      id: "go.data",
      label: t("place.data"),
      keys: "Mod+2",
      group: "go",
      inText: true,
      disabled: !project,
      run: () => go(pathOf(project!.id, "data")),
    },
    {
      id: "go.history",
      label: t("place.history"),
      keys: "Mod+3",
      group: "go",
      inText: true,
      disabled: !project,
      run: () => go(pathOf(project!.id, "history")),
    },
    {
      id: "go.profile",
      label: t("place.profile"),
      keys: "Mod+,",
      group: "go",
      inText: true,
      run: () => go("/settings/profile"),
    },
    { id: "go.sync", label: t("place.sync"), group: "go", run: () => go("/settings/sync") },
    { id: "sidebar", label: t("place.sidebar"), keys: "Mod+B", group: "view", inText: true, run: toggle },
  ]);

  return (
    <div className={`frame ${collapsed ? "narrow" : ""}`}>
      <nav className="sidebar" aria-label={t("place.navigation")}>
        <SyncBadge collapsed={collapsed} />
        <Switcher collapsed={collapsed} />
        {!project && (
          <ul>
            <Place to="/" icon={FilePenLine} label={t("sheet.title")} active={path} collapsed={collapsed} />
          </ul>
        )}
        {project && (
          <Section title={t("place.blueprint")} collapsed={collapsed}>
            <Place
              to={pathOf(project.id, "requirements")}
              icon={ListChecks}
              label={t("place.requirements")}
              count={project.requirements}
              active={path}
              collapsed={collapsed}
            />
            <Place
              to={pathOf(project.id, "data")}
              icon={Database}
              label={t("place.data")}
              count={project.entities}
              active={path}
              collapsed={collapsed}
            />
            <Place
              to={pathOf(project.id, "history")}
              icon={History}
              label={t("place.history")}
              active={path}
              collapsed={collapsed}
            />
          </Section>
        )}
        <div className="sidebar-space" />
        <Section title={t("place.settings")} collapsed={collapsed}>
          <Place to="/settings/profile" icon={User} label={t("place.profile")} active={path} collapsed={collapsed} />
          <Place to="/settings/sync" icon={RefreshCcw} label={t("place.sync")} active={path} collapsed={collapsed} />
        </Section>
        <IconButton
          icon={PanelLeft}
          label={collapsed ? t("place.expand") : t("place.collapse")}
          keys="Mod+B"
          side="right"
          onClick={toggle}
          aria-expanded={!collapsed}
        />
      </nav>
      <div className="content">{children}</div>
      <Palette />
      <Shortcuts />
      <Toaster />
    </div>
  );
}

function Section({ title, collapsed, children }: { title: string; collapsed: boolean; children: ReactNode }) {
  return (
    <section className="sidebar-section" aria-label={title}>
      {!collapsed && <h2 className="sidebar-title">{title}</h2>}
      <ul>{children}</ul>
    </section>
  );
}

interface PlaceProps {
  to: string;
  icon: LucideIcon;
  label: string;
  count?: number;
  active: string;
  collapsed: boolean;
}

function Place({ to, icon: Icon, label, count, active, collapsed }: PlaceProps) {
  const here = active === to || active.startsWith(`${to}/`);
  const link = (
    <Link
      href={to}
      className="place-link"
      aria-current={here ? "page" : undefined}
      aria-label={collapsed ? label : undefined}
    >
      <Icon aria-hidden />
      {!collapsed && <span className="grow">{label}</span>}
      {!collapsed && count !== undefined && <span className="place-count">{count}</span>}
    </Link>
  );
  return (
    <li>
      {collapsed ? (
        <Tooltip label={label} side="right">
          {link}
        </Tooltip>
      ) : (
        link
      )}
    </li>
  );
}
