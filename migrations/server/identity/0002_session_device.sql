-- Shutting out a device ends its sessions, which are many after years.
create index identity_session_device on identity_session (device);
