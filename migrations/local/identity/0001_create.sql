-- The person's accounts on servers. The file is encrypted; tokens stand nowhere else.
create table identity_account (
  server text primary key,
  person text not null,
  name text not null,
  email text not null,
  refresh text,
  access text,
  access_expires integer,
  reason_en text,
  reason_ru text
) strict;
