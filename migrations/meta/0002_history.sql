ALTER TABLE `changes` ADD `before_parent` text;--> statement-breakpoint
ALTER TABLE `changes` ADD `before_name` text;--> statement-breakpoint
ALTER TABLE `changes` ADD `before_spelling` text;--> statement-breakpoint
ALTER TABLE `changes` ADD `before_version` integer;--> statement-breakpoint
ALTER TABLE `changes` ADD `before_mode` integer;--> statement-breakpoint
ALTER TABLE `changes` ADD `before_deleted` integer;--> statement-breakpoint
CREATE INDEX `nodes_deleted_name` ON `nodes` (`user_id`,`parent_id`,`name`) WHERE deleted_at is not null;