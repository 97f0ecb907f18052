/* What is checked at a grant, a push, a resume and a tick; the rest stands in the scripts themselves. */
byte covered;               /* ghost: whom the last grant found held, a bit for each */

/* Of the release that is being replaced, and past its boot barrier. */
#define TAKES_PART(p) (participant[p].life == alive && !IS_NEW(p) && participant[p].state != booting)

/* Who started because its boot barrier gave up, and has not reached the server since, is no participant yet. */
#ifdef ASSUMPTION_BARRIER_IS_SURE
#define IS_KNOWN(p) 1
#else
#define IS_KNOWN(p) !(participant[p].gave_up && !participant[p].in_touch)
#endif

/* At the moment of a grant. */
inline check_grant(d) {
  covered = 0;
  for (j : 0 .. SLOTS - 1) {
    if
    :: TAKES_PART(j) && !is_released && IS_KNOWN(j) ->
       /* Also who has not been asked for, and whatever its row says. */
       INVARIANT(I1, 1, participant[j].state == drained);
       INVARIANT(I1, 1, participant[j].leaving || participant[j].lapse >= MARGIN);
       INVARIANT(I8, 8, participant[j].leaving || participant[j].serial == intent.serial);
       covered = covered | BIT(j)
    :: else
    fi;
    /* Whoever's acknowledgement counted gave it to this very drain. */
    INVARIANT(I8, 8, !IS_ALIVE(j) || IS_REPLACED(j) || row[j].serial == intent.serial)
  }
  if :: intent.phase == Pushing -> REACHED(GOAL_GRANTED_AGAIN) :: else fi;
  lost_since_grant = 0;
  deployer[d].serial = intent.serial
}

/* As the push begins. */
inline check_push(d) {
  REACHED(GOAL_PUSH);
  if :: losses > 0 -> REACHED(GOAL_PUSH_AFTER_LOSS) :: else fi;
  if :: crashes > 0 -> REACHED(GOAL_PUSH_WITH_REBOOT) :: else fi;
  if :: pushed -> REACHED(GOAL_SECOND_PUSH) :: else fi;
  for (i : 0 .. SLOTS - 1) {
    if
    :: TAKES_PART(i) && !is_released ->
       if
       :: (covered & BIT(i)) != 0 -> INVARIANT(I1, 1, participant[i].state == drained || serials != deployer[d].serial)
       :: else -> INVARIANT(I1, 1, participant[i].state == drained || participant[i].gave_up || lost_since_grant)
       fi
    :: else
    fi
  }
}

/* As a participant falls quiet for a drain that it was not quiet for. */
inline check_drain(p) {
  INVARIANT(I2, 2, message[p].addressed && message[p].left > 0)
}

/* As it resumes because a drain was withdrawn or has lapsed. */
inline check_resume(p) {
  if :: message[p].now_phase == Aborted -> REACHED(GOAL_RESUME_ON_ABORT) :: else fi
#ifdef FLAW_LATER_DRAIN
  ; INVARIANT(I10, 10, !participant[p].newer_seen)
#endif
}

/* Before each tick. */
inline check_tick() {
  for (i : 0 .. SLOTS - 1) {
    if
    :: participant[i].life == alive && IS_QUIET(i) && !participant[i].leaving && participant[i].quiet == 0 ->
#if BOUNDED
       INVARIANT(I3, 3, overdue == 0);
#endif
#if CAP
       INVARIANT(I3, 3, participant[i].held_for < CAP);
#endif
       skip
    :: participant[i].life == alive && !participant[i].leaving && participant[i].quiet == 1 ->
       INVARIANT(I3, 3, participant[i].newer_seen);
       REACHED(GOAL_STAYS_QUIET)
    :: else
    fi
  };
#if OWN_LEASE
  /* Who counts from sending never believes in more than the server. */
  for (i : 0 .. DEPLOYERS - 1) {
    INVARIANT(I5, 5, deployer[i].lease <= intent.left || lost_since_grant || intent_lost)
  }
#endif
}
