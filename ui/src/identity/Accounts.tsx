import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "../api/call";
import type { Account } from "../api/generated";
import { Button, Dialog } from "../kit";
import { AccountForm } from "./AccountForm";
import { identity } from "./api";
import { host } from "./ShareDialog";

/** The servers this device has an account on. */
export function Accounts({ accounts }: { accounts: Account[] }) {
  const { t } = useTranslation();
  const signOut = useCommand(identity.sign_out);
  const [signingIn, setSigningIn] = useState<string | null>(null);
  if (accounts.length === 0) return <p className="soft">{t("account.none")}</p>;
  return (
    <>
      <Dialog
        open={signingIn !== null}
        onClose={() => setSigningIn(null)}
        title={t("account.sign_in_to", { server: host(signingIn ?? "") })}
      >
        <AccountForm link={signingIn ?? ""} may="sign_in" onDone={() => setSigningIn(null)} />
      </Dialog>
      <ul className="members">
        {accounts.map((account) => (
          <li key={account.server}>
            <div>
              <p>{host(account.server)}</p>
              <p className="soft selectable">
                {account.name}, {account.email}
              </p>
            </div>
            {account.signed_in ? (
              <Button onClick={() => void signOut.run({ server: account.server })} disabled={signOut.pending}>
                {t("account.sign_out")}
              </Button>
            ) : (
              <>
                <span className="soft">{t("account.signed_out")}</span>
                <Button onClick={() => setSigningIn(account.server)}>{t("account.sign_in")}</Button>
              </>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
