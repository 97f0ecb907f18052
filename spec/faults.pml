/* What is nobody's doing: time goes on, Heroku releases, Redis forgets. Every step but the first is optional. */
proctype World() {
  do
  :: d_step { !(MUST_ACT_ANY) -> tick() }
#if NEXT
  :: d_step { pushed && !is_released -> is_released = 1; REACHED(GOAL_RELEASE) }
#endif
#if LOSSES
  :: d_step { !intent_lost && intent.phase != Missing -> intent_lost = 1; lost_since_grant = 1; clear_intent() }
  :: d_step { !epoch_lost && epoch_key > 0 -> epoch_lost = 1; epoch_key = 0 }
  :: d_step { !roster_lost ->
       roster_lost = 1;
       for (i : 0 .. SLOTS - 1) { clear_row(i) };
       i = 0 }
#endif
#if FAILOVERS
  :: d_step { !replica.stands_still ->
       replica.stands_still = 1;
       replica.epoch_key = epoch_key;
       copy_intent(intent, replica.intent);
       for (i : 0 .. SLOTS - 1) { copy_row(row[i], replica.row[i]) };
       i = 0 }
  :: d_step { replica.stands_still && !replica.took_over ->
       replica.took_over = 1; lost_since_grant = 1;
       epoch_key = replica.epoch_key; replica.epoch_key = 0;
       copy_intent(replica.intent, intent); copy_intent(nothing, replica.intent);
       for (i : 0 .. SLOTS - 1) { copy_row(replica.row[i], row[i]); copy_row(no_row, replica.row[i]) };
       i = 0 }
#endif
#ifdef ASSUMPTION_CLOCK_STEPS_BACK
  /* Times that the server compares with its own clock are further away now, all by the same; what others count by theirs is not. */
  :: d_step { !stepped_back ->
       stepped_back = 1;
       DELAY(intent.left);
       for (i : 0 .. SLOTS - 1) {
         DELAY(row[i].hold); DELAY(row[i].until); DELAY(participant[i].hold); DELAY(message[i].hold); DELAY(message[i].expiry)
       };
       i = 0 }
#endif
  od
}
