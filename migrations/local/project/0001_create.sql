create table project_project (
  project text primary key,
  space text not null,
  name text not null,
  updated_at integer not null,
  removed integer not null default 0
) strict;
create index project_project_space on project_project (space);
