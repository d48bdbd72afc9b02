CREATE TABLE `shares` (
	`user_id` text NOT NULL,
	`share_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`shard` integer NOT NULL,
	`node_id` text NOT NULL,
	`password_hash` text,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`downloads_max` integer,
	`downloads` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`user_id`, `share_id`)
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `shares_token` ON `shares` (`token_hash`);