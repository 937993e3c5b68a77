import { useEffect } from "react";
import { Redirect, Route, Router, Switch } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import { Blueprint } from "./blueprint/Blueprint";
import { BriefPage } from "./blueprint/BriefPage";
import { JoinDialog, ShareDialog } from "./identity";
import { lastProject, pathOf, useProjects } from "./project";
import { SyncPage } from "./sync/SyncPage";
import { Frame } from "./workspace/Frame";
import { ProfilePage } from "./workspace/ProfilePage";

/** The table of contents: every place in the app. */
export function Routes() {
  return (
    <Router hook={useHashLocation}>
      <Frame>
        <Switch>
          <Route path="/p/:project/:page/:selected?" component={Blueprint} />
          <Route path="/settings/profile" component={ProfilePage} />
          <Route path="/settings/sync" component={SyncPage} />
          <Route component={Start} />
        </Switch>
      </Frame>
      <ShareDialog />
      <JoinDialog />
    </Router>
  );
}

/** The project last open; on the first launch, the empty sheet. */
function Start() {
  const projects = useProjects();
  const last = lastProject.get();
  useEffect(() => {
    if (location.hash === "") history.replaceState(null, "", "#/");
  }, []);
  if (!projects) return null;
  const project = projects.find((candidate) => candidate.id === last) ?? projects[0];
  if (project) return <Redirect to={pathOf(project.id, "requirements")} replace />;
  return <BriefPage project={null} />;
}
