DROP TABLE IF EXISTS artifact_migration_log;
ALTER TABLE artifacts DROP COLUMN IF EXISTS migrated_to_folder_at;
ALTER TABLE artifacts DROP COLUMN IF EXISTS folder_layout_version;
ALTER TABLE artifacts DROP COLUMN IF EXISTS accessory_filenames;
ALTER TABLE artifacts DROP COLUMN IF EXISTS primary_filename;
ALTER TABLE artifacts DROP COLUMN IF EXISTS artifact_dir;
ALTER TABLE artifacts DROP COLUMN IF EXISTS artifact_id;
