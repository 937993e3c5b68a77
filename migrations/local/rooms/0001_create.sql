create table rooms_comment (
  comment blob primary key,
  space text not null,
  project text not null,
  element text not null,
  device blob not null,
  at integer not null,
  text text not null,
  seq integer,
  reason_en text,
  reason_ru text
) strict;
create index rooms_comment_element on rooms_comment (project, element, seq);
create index rooms_comment_space on rooms_comment (space);

-- The last comment of a thread that this device's person has read. Not its place: a restored server may number anew.
create table rooms_read (
  project text not null,
  element text not null,
  comment blob not null,
  primary key (project, element)
) strict;

create virtual table rooms_text using fts5 (text, comment unindexed, project unindexed, element unindexed, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
