CREATE TABLE `changes` (
	`user_id` text NOT NULL,
	`seq` integer NOT NULL,
	`op_id` text NOT NULL,
	`type` text NOT NULL,
	`device_id` text NOT NULL,
	`at` integer NOT NULL,
	`node_id` text NOT NULL,
	`parent_id` text NOT NULL,
	`name` text NOT NULL,
	`spelling` text,
	`path` text NOT NULL,
	`kind` text NOT NULL,
	`rev` integer NOT NULL,
	`version` integer NOT NULL,
	`size` integer NOT NULL,
	`mtime_ms` integer NOT NULL,
	`mode` integer NOT NULL,
	PRIMARY KEY(`user_id`, `seq`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `changes_op` ON `changes` (`user_id`,`op_id`);--> statement-breakpoint
CREATE TABLE `namespaces` (
	`user_id` text PRIMARY KEY NOT NULL,
	`epoch` text NOT NULL,
	`seq` integer NOT NULL,
	`generation` integer NOT NULL,
	`bytes_used` integer NOT NULL,
	`quota_bytes` integer NOT NULL,
	`created_at` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `nodes` (
	`user_id` text NOT NULL,
	`node_id` text NOT NULL,
	`parent_id` text,
	`name` text NOT NULL,
	`spelling` text,
	`kind` text NOT NULL,
	`rev` integer NOT NULL,
	`version` integer NOT NULL,
	`size` integer NOT NULL,
	`mtime_ms` integer NOT NULL,
	`mode` integer NOT NULL,
	`digest` text NOT NULL,
	`deleted_at` integer,
	PRIMARY KEY(`user_id`, `node_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `nodes_live_name` ON `nodes` (`user_id`,`parent_id`,`name`) WHERE deleted_at is null;--> statement-breakpoint
CREATE TABLE `packs` (
	`user_id` text NOT NULL,
	`pack_id` text NOT NULL,
	`size` integer NOT NULL,
	`live_bytes` integer NOT NULL,
	`created_at` integer NOT NULL,
	`delete_after` integer,
	PRIMARY KEY(`user_id`, `pack_id`),
	CONSTRAINT "packs_live_bytes" CHECK(live_bytes between 0 and size),
	CONSTRAINT "packs_delete_after" CHECK((delete_after is null) = (live_bytes > 0))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `user_blocks` (
	`user_id` text NOT NULL,
	`hash` text NOT NULL,
	`size` integer NOT NULL,
	`refs` integer NOT NULL,
	`pack_id` text,
	`pack_offset` integer,
	PRIMARY KEY(`user_id`, `hash`),
	CONSTRAINT "user_blocks_refs" CHECK(refs >= 0),
	CONSTRAINT "user_blocks_pack" CHECK((pack_id is null) = (pack_offset is null))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `versions` (
	`user_id` text NOT NULL,
	`node_id` text NOT NULL,
	`version` integer NOT NULL,
	`manifest` text,
	`manifest_key` text,
	`size` integer NOT NULL,
	`mtime_ms` integer NOT NULL,
	`mode` integer NOT NULL,
	`device_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`superseded_at` integer,
	PRIMARY KEY(`user_id`, `node_id`, `version`),
	CONSTRAINT "versions_manifest_once" CHECK((manifest is null) <> (manifest_key is null))
) STRICT, WITHOUT ROWID;
