/* What is nobody's doing: time goes on, Heroku releases, Redis forgets. Every step but the first is optional. */
proctype World() {
  do
  :: d_step { !(MUST_ACT_ANY) -> printf("-- tick\n"); tick() }
#if NEXT
  :: d_step { pushed && !is_released -> printf("Heroku releases\n"); is_released = 1; REACHED(GOAL_RELEASE) }
#endif
#if LOSSES
  :: d_step { losses < LOSSES && intent.phase != Missing ->
       printf("the intent is lost\n"); losses++; lost_since_grant = 1; intent_lost = 1; clear_intent() }
  :: d_step { losses < LOSSES && epoch_key > 0 -> printf("the epoch is lost\n"); losses++; epoch_key = 0 }
  :: d_step { losses < LOSSES -> printf("the roster is lost\n"); losses++; clear_roster() }
  :: d_step { losses < LOSSES ->
       printf("all keys are lost\n");
       losses++; lost_since_grant = 1; intent_lost = 1; epoch_key = 0; clear_intent(); clear_roster() }
#endif
#if FAILOVERS
  :: d_step { !replica.stands_still && IN_FORCE ->
       printf("the replica stands still\n"); replica.stands_still = 1;
       replica.epoch_key = epoch_key;
       copy_intent(intent, replica.intent);
       for (i : 0 .. SLOTS - 1) { copy_row(row[i], replica.row[i]) };
       i = 0 }
  :: d_step { replica.stands_still && !replica.took_over && replica.intent.left > 0 ->
       printf("the replica takes over\n"); replica.took_over = 1; lost_since_grant = 1;
       for (i : 0 .. DEPLOYERS - 1) { deployer[i].serial = 0 };
       epoch_key = replica.epoch_key; replica.epoch_key = 0;
       copy_intent(replica.intent, intent); copy_intent(nothing, replica.intent);
       for (i : 0 .. SLOTS - 1) { copy_row(replica.row[i], row[i]); copy_row(no_row, replica.row[i]) };
       i = 0 }
#endif
#ifdef ASSUMPTION_CLOCK_STEPS_BACK
  /* Times that the server compares with its own clock are further away now, all by the same; what others count by theirs is not. */
  :: d_step { !stepped_back ->
       printf("the clock of the server steps back\n"); stepped_back = 1;
       DELAY(intent.left);
       for (i : 0 .. SLOTS - 1) {
         DELAY(row[i].hold); DELAY(row[i].until); DELAY(participant[i].hold); DELAY(message[i].hold); DELAY(message[i].expiry)
       };
       i = 0 }
#endif
  od
}
