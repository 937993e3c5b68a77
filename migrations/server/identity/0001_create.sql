create table identity_person (person text primary key, name text not null, email text not null unique, password text not null, admin bigint not null, created bigint not null);
create table identity_device (device blob primary key, person text not null, name text not null, created bigint not null, revoked bigint);
create index identity_device_person on identity_device (person);
-- A session is a family of refresh tokens: each is good once, and a second use of one ends them all.
create table identity_session (session text primary key, person text not null, device blob, created bigint not null, ended bigint, reason text);
create index identity_session_person on identity_session (person);
create table identity_refresh (hash blob primary key, session text not null, expires bigint not null, used bigint);
create index identity_refresh_session on identity_refresh (session);
create table identity_organisation (organisation text primary key, name text not null, created bigint not null);
create table identity_organisation_member (organisation text not null, person text not null, role text not null, since bigint not null, primary key (organisation, person));
create index identity_organisation_member_person on identity_organisation_member (person);
create table identity_space (space text primary key, name text not null, organisation text, created bigint not null);
create table identity_space_member (space text not null, person text not null, role text not null, since bigint not null, primary key (space, person));
create index identity_space_member_person on identity_space_member (person);
create table identity_invitation (hash blob primary key, id text not null unique, space text, organisation text, role text not null, maker text not null, created bigint not null, expires bigint not null, uses bigint not null, revoked bigint);
create index identity_invitation_space on identity_invitation (space);
create table identity_invitation_use (hash blob not null, person text not null, at bigint not null, primary key (hash, person));
-- The setup token is kept readable, for the server prints it at every start until it is used; who reads this file owns the server anyway.
create table identity_setup (token text primary key, created bigint not null);
create table identity_key (name text primary key, bytes blob not null);
create table identity_audit (id text primary key, at bigint not null, person text, action text not null, subject text not null, address text);
create index identity_audit_at on identity_audit (at);
