import { useCallback } from "react";
import { useLocation } from "wouter";
import { useQuery } from "../api/call";
import type { Project, Role } from "../api/generated";
import { projects } from "./api";

export type Page = "requirements" | "data" | "brief" | "history";

export interface ProjectPlace {
  project: string;
  page: Page;
  /** The part that the inspector shows. */
  selected: string | null;
}

export function pathOf(project: string, page: Page, selected?: string | null): string {
  return `/p/${project}/${page}${selected ? `/${selected}` : ""}`;
}

export function placeOf(path: string): ProjectPlace | null {
  const match = /^\/p\/([^/]+)\/(requirements|data|brief|history)(?:\/([^/]+))?$/.exec(path);
  return match ? { project: match[1]!, page: match[2] as Page, selected: match[3] ?? null } : null;
}

/** Where the person is, as the address says, and the ways to elsewhere. */
export function useProjectPlace() {
  const [path, go] = useLocation();
  const place = placeOf(path);
  const project = place?.project ?? null;
  const page = place?.page ?? "requirements";
  const select = useCallback(
    (id: string | null) => {
      if (project) go(pathOf(project, page, id), { replace: true });
    },
    [go, page, project],
  );
  const open = useCallback(
    (next: Page, id?: string | null) => {
      if (project) go(pathOf(project, next, id));
    },
    [go, project],
  );
  return { place, select, open, go, path };
}

/** The projects that are not removed. */
export function useProjects(): Project[] | undefined {
  const { data } = useQuery(projects.list, {});
  return data?.filter((project) => !project.removed);
}

export function useProject(id: string | null | undefined): Project | undefined {
  return useProjects()?.find((project) => project.id === id);
}

/** What the person's role allows. The server decides; this only keeps the screens from offering what it will refuse. */
export function useMay(id: string): { edit: boolean; role: Role } {
  const role = useProject(id)?.role ?? "viewer";
  return { edit: role === "owner" || role === "editor", role };
}

const LAST = "scantling.last-project";
export const lastProject = {
  get: () => localStorage.getItem(LAST),
  set: (id: string) => localStorage.setItem(LAST, id),
};
