//! Projects and other people: sharing, joining, inviting, members and their roles.

use std::time::Duration;

use ::identity::{Accepted, GiveRole, Invited, Members, Nothing, ShareSpace};
use kernel::{Error, ProjectId, Result, Role, SpaceId, space};
use reqwest::Method;
use serde_json::{Value, json};
use wiring::device::{Invitation, Invite, JoinProject, Member, MemberRef, SetMemberRole, ShareProject};

use crate::host::Host;
use crate::remote::{self, Link, LinkKind};
use crate::{identity, sync};

/// How long joining waits for the project to arrive before it leaves the rest to sync.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn call(host: &Host, name: &str, payload: Value) -> Result<Value> {
    match name {
        "project.share" => {
            let input: ShareProject = wiring::input(payload)?;
            share(host, input.project, Link::parse(&input.server)?.server).await
        }
        "project.join" => {
            let input: JoinProject = wiring::input(payload)?;
            join(host, Link::parse(&input.link)?).await
        }
        "project.invite" => {
            let input: Invite = wiring::input(payload)?;
            let (space, server, token) = shared(host, input.project).await?;
            let invited: Invited = remote::call(host, &server, Method::POST, &format!("/v1/spaces/{space}/invitations"), Some(&token), Some(&::identity::Invite { role: input.role, uses: None, days: None })).await?;
            Ok(serde_json::to_value(Invitation { link: invited.link, expires_at: invited.expires_at })?)
        }
        "project.members" => {
            let input: project::ProjectRef = wiring::input(payload)?;
            let (space, server, token) = shared(host, input.project).await?;
            let place = server.clone();
            let me = host.run(move |ctx| Ok(identity::accounts(ctx)?.into_iter().find(|account| account.server == place).map(|account| account.person))).await?;
            let members: Members = remote::call(host, &server, Method::GET, &format!("/v1/spaces/{space}/members"), Some(&token), None::<&()>).await?;
            let members: Vec<Member> = members
                .members
                .into_iter()
                .map(|member| {
                    let person = member.person.to_string();
                    Member { me: me.as_ref() == Some(&person), person, name: member.name, email: member.email, role: member.role }
                })
                .collect();
            Ok(serde_json::to_value(members)?)
        }
        "project.set_role" => {
            let input: SetMemberRole = wiring::input(payload)?;
            let person = input.person;
            let (space, server, token) = shared(host, input.project).await?;
            remote::call::<Value>(host, &server, Method::PUT, &format!("/v1/spaces/{space}/members/{person}"), Some(&token), Some(&GiveRole { role: input.role })).await?;
            Ok(json!({}))
        }
        "project.remove_member" => {
            let input: MemberRef = wiring::input(payload)?;
            let person = input.person;
            let (space, server, token) = shared(host, input.project).await?;
            remote::call::<Value>(host, &server, Method::DELETE, &format!("/v1/spaces/{space}/members/{person}"), Some(&token), None::<&()>).await?;
            Ok(json!({}))
        }
        _ => Err(Error::internal(format!("{name} has no home"))),
    }
}

/// The project's space, its server, and a token for it.
async fn shared(host: &Host, project: ProjectId) -> Result<(SpaceId, String, String)> {
    let (space, server) = host
        .run(move |ctx| {
            let space = ctx.space_of(&project.to_string())?;
            Ok((space, space::get(ctx.sql, space)?.server))
        })
        .await?;
    let server = server.ok_or_else(|| Error::conflict(("The project lives on this device alone. Share it with a server first.", "Проект есть только на этом устройстве. Сначала поделитесь им на сервере.")))?;
    let token = identity::access_token(host, &server).await?;
    Ok((space, server, token))
}

async fn share(host: &Host, project: ProjectId, server: String) -> Result<Value> {
    let token = identity::access_token(host, &server).await?;
    let (space, name, now_on) = host
        .run(move |ctx| {
            let space = ctx.space_of(&project.to_string())?;
            Ok((space, project::ops::get(ctx, project)?.name, space::get(ctx.sql, space)?.server))
        })
        .await?;
    match now_on {
        Some(place) if place == server => {}
        Some(place) => return Err(Error::conflict((format!("The project is shared on {place} already."), format!("Проект уже общий на {place}.")))),
        None => {
            // Asking twice is harmless: the server knows the space by its id.
            remote::call::<Value>(host, &server, Method::POST, "/v1/spaces", Some(&token), Some(&ShareSpace { space, name, organisation: None })).await?;
            host.run(move |ctx| {
                let mut known = space::get(ctx.sql, space)?;
                known.server = Some(server);
                known.role = Role::Owner;
                space::save(ctx.sql, &known)?;
                ctx.emit("project", "Shared", project.to_string());
                ctx.emit("sync", "Shared", space.to_string());
                Ok(())
            })
            .await?;
            sync::refollow(host);
        }
    }
    output(host, project).await
}

async fn join(host: &Host, link: Link) -> Result<Value> {
    let LinkKind::Invitation(invitation) = &link.kind else {
        return Err(Error::invalid("link", ("This is not an invitation. Paste the whole link that you were sent.", "Это не приглашение. Вставьте ссылку целиком, как её прислали.")));
    };
    let token = identity::access_token(host, &link.server).await?;
    let accepted: Accepted = remote::call(host, &link.server, Method::POST, &format!("/v1/invitations/{invitation}/accept"), Some(&token), Some(&Nothing {})).await?;
    let mut changes = host.changes();
    let space = accepted.space.ok_or_else(|| Error::invalid("link", ("This invitation leads to an organisation, not to a project. You are a member now; ask for an invitation to a project.", "Это приглашение в организацию, а не в проект. Вы теперь её участник; попросите приглашение в проект.")))?;
    let server = link.server;
    host.run(move |ctx| {
        let mut known = match space::find(ctx.sql, space)? {
            Some(known) => known,
            None => {
                space::create(ctx.sql, space)?;
                space::get(ctx.sql, space)?
            }
        };
        known.server = Some(server);
        known.role = accepted.role;
        known.paused = false;
        known.problem = None;
        space::save(ctx.sql, &known)?;
        ctx.emit("sync", "Joined", space.to_string());
        Ok(())
    })
    .await?;
    sync::refollow(host);
    let arrived = async {
        loop {
            if let Some(project) = host.run(move |ctx| project::ops::in_space(ctx, space)).await? {
                return Ok::<ProjectId, Error>(project);
            }
            // A lagging listener has missed some news, not the state, which is read anew.
            if let Err(tokio::sync::broadcast::error::RecvError::Closed) = changes.recv().await {
                return Err(Error::conflict(("The workspace is closing.", "Рабочее место закрывается.")));
            }
        }
    };
    match tokio::time::timeout(PATIENCE, arrived).await {
        Ok(project) => output(host, project?).await,
        Err(_) => Err(Error::new(kernel::Code::Offline, ("You have joined, but the project has not arrived yet. It will appear as soon as the server sends it.", "Вы присоединились, но проект ещё не пришёл. Он появится, как только сервер его пришлёт."))),
    }
}

async fn output(host: &Host, project: ProjectId) -> Result<Value> {
    host.run(move |ctx| Ok(serde_json::to_value(wiring::project(ctx, project)?)?)).await
}
