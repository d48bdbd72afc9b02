CREATE TABLE `blocks` (
	`hash` text PRIMARY KEY NOT NULL,
	`size` integer NOT NULL,
	`stored_size` integer NOT NULL,
	`encoding` text NOT NULL,
	`state` text NOT NULL,
	`ref_count` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`delete_after` integer DEFAULT 0,
	`protected_until` integer NOT NULL,
	CONSTRAINT "ref_count_not_negative" CHECK("blocks"."ref_count" >= 0)
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
CREATE TABLE `holders` (
	`hash` text NOT NULL,
	`user_id` text NOT NULL,
	`expires_at` integer,
	PRIMARY KEY(`hash`, `user_id`),
	FOREIGN KEY (`hash`) REFERENCES `blocks`(`hash`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID, STRICT;
--> statement-breakpoint
-- ref_count and delete_after follow the holder rows; nothing else writes them (I8).
CREATE TRIGGER `holders_inserted` AFTER INSERT ON `holders` BEGIN
	UPDATE `blocks` SET
		`ref_count` = `ref_count` + (NEW.`expires_at` IS NULL),
		`delete_after` = CASE WHEN `ref_count` + (NEW.`expires_at` IS NULL) = 0
			THEN coalesce((SELECT max(`expires_at`) FROM `holders` WHERE `hash` = NEW.`hash`), 0) END
	WHERE `hash` = NEW.`hash`;
END;
--> statement-breakpoint
CREATE TRIGGER `holders_updated` AFTER UPDATE OF `expires_at` ON `holders` BEGIN
	UPDATE `blocks` SET
		`ref_count` = `ref_count` + (NEW.`expires_at` IS NULL) - (OLD.`expires_at` IS NULL),
		`delete_after` = CASE WHEN `ref_count` + (NEW.`expires_at` IS NULL) - (OLD.`expires_at` IS NULL) = 0
			THEN coalesce((SELECT max(`expires_at`) FROM `holders` WHERE `hash` = NEW.`hash`), 0) END
	WHERE `hash` = NEW.`hash`;
END;
--> statement-breakpoint
CREATE TRIGGER `holders_deleted` AFTER DELETE ON `holders` BEGIN
	UPDATE `blocks` SET
		`ref_count` = `ref_count` - (OLD.`expires_at` IS NULL),
		`delete_after` = CASE WHEN `ref_count` - (OLD.`expires_at` IS NULL) = 0
			THEN coalesce((SELECT max(`expires_at`) FROM `holders` WHERE `hash` = OLD.`hash`), 0) END
	WHERE `hash` = OLD.`hash`;
END;
