-- A change that is well-formed and signed, and that Automerge can't apply: it keeps its place in the log and is left out
-- of its document.
alter table kernel_entry add column unreadable integer not null default 0;
create index kernel_entry_unreadable on kernel_entry (space, subject) where unreadable = 1;
