DROP FUNCTION scidex_console.path_and_folders, scidex_console.recorded_paths;
