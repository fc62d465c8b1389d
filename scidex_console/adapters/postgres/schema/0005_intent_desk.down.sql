DROP FUNCTION scidex_console.submit_intent, scidex_console.cancel_intent;
