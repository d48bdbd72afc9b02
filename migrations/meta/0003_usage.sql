CREATE TABLE `usage_days` (
	`user_id` text NOT NULL,
	`day` integer NOT NULL,
	`device_id` text NOT NULL,
	`commits` integer NOT NULL,
	`file_bytes` integer NOT NULL,
	`block_bytes` integer NOT NULL,
	`sent_bytes` integer NOT NULL,
	PRIMARY KEY(`user_id`, `day`, `device_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `namespaces` ADD `version_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `namespaces` ADD `stored_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `namespaces` ADD `files` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `namespaces` ADD `folders` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `namespaces` SET
  `version_bytes` = (SELECT coalesce(sum(v.size), 0) FROM versions v WHERE v.user_id = namespaces.user_id),
  `stored_bytes` = (SELECT coalesce(sum(b.size), 0) FROM user_blocks b WHERE b.user_id = namespaces.user_id AND b.refs > 0),
  `files` = (SELECT count(*) FROM nodes n WHERE n.user_id = namespaces.user_id AND n.deleted_at IS NULL AND n.kind <> 'folder'),
  `folders` = (SELECT count(*) FROM nodes n WHERE n.user_id = namespaces.user_id AND n.deleted_at IS NULL AND n.kind = 'folder' AND n.parent_id IS NOT NULL);
