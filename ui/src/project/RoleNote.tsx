import { Lock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMay } from "./place";

/** Says why a screen offers no edits. */
export function RoleNote({ project }: { project: string }) {
  const { t } = useTranslation();
  const { edit, role } = useMay(project);
  if (edit) return null;
  return (
    <span className="role-note" data-testid="role-note">
      <Lock aria-hidden /> {t(`role.${role}`)}: {t(`role_hint.${role}`)}
    </span>
  );
}
