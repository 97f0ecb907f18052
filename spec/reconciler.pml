/*
 * A participant: src/participant/reconciler.ts and the loop around it. Every step is optional: a beat that is not sent, or whose
 * reply does not come, is what a lost doorbell, a partition or a stalled connection looks like from here. What is not optional is
 * its own clock: see must_act in world.pml.
 */
mtype = { absent, alive, down, gone };      /* down: ended in this tick. A dyno takes longer to boot again */
mtype = { None, Sent, Answered };

typedef Participant {
  mtype life = absent;
  mtype state = booting;
  byte epoch;               /* what the state answers */
  byte highest;
  byte capped;
  byte lapse;               /* own clock: until the lease it received is over. While booting: until the boot barrier gives up */
  byte cap;                 /* own clock: until its own cap */
  byte hold;                /* the server's clock: what its next row says */
  byte quiet;               /* own clock, after a release: 2 when the quiet time is over, 1 when nothing came for 5 s more; 0: no release */
#if CAP
  byte held_for;            /* ghost: ticks since it accepted */
#endif
  bit pushing;
  bit newer_seen;
  bit leaving;
  bit has_answer;
  bit gave_up;              /* ghost: its boot barrier gave up */
  bit in_touch;             /* ghost: the server has executed a beat of it */
  byte serial               /* ghost: which acquire its state answers */
};

/* The one beat under way: the row on its way there, the answer on its way back. */
typedef Message {
  mtype stage = None;
  bit old;                  /* under way for a tick: the command times out with the next */
  mtype state = booting;
  byte epoch;
  byte hold;
  byte silent;
  bit first;
  byte serial;
  mtype now_phase = Missing;
  byte now_epoch;
  byte now_serial;
  byte left;
  byte expiry;              /* the server's clock */
  bit addressed;
  bit newer
};

Participant participant[SLOTS];
Message message[SLOTS];

#define IS_QUIET(p) (participant[p].state == draining || participant[p].state == drained)
#define ASKS(p) (message[p].addressed && message[p].left > 0 && (message[p].now_phase == Draining || message[p].now_phase == Pushing))
/* Nothing changes by it, and nothing will: it need not be kept under way. */
#define IS_EMPTY(p) (participant[p].has_answer && !ASKS(p) && !IS_QUIET(p) && participant[p].state != failed)
#define HAS_LAPSED(p) (participant[p].lapse == 0 || (CAP > 0 && participant[p].cap == 0))

inline forget_row(p) {
  message[p].state = booting; message[p].epoch = 0; message[p].hold = 0; message[p].silent = 0; message[p].first = 0;
  message[p].serial = 0
}

inline clear_message(p) {
  forget_row(p);
  message[p].stage = None; message[p].old = 0; message[p].now_phase = Missing; message[p].now_epoch = 0;
  message[p].now_serial = 0; message[p].left = 0; message[p].expiry = 0; message[p].addressed = 0; message[p].newer = 0
}

inline drop_empty(p) {
  if :: PROMPT || (IS_EMPTY(p)) -> clear_message(p) :: else fi
}

inline send_beat(p) {
  message[p].stage = Sent; message[p].old = 0;
  message[p].state = participant[p].state; message[p].epoch = participant[p].epoch; message[p].serial = participant[p].serial;
  message[p].hold = (participant[p].epoch > 0 -> participant[p].hold : 0);
  message[p].first = !participant[p].has_answer;
  if
  :: !IS_QUIET(p) -> message[p].silent = SILENT_IDLE
  :: IS_QUIET(p) && participant[p].quiet > 0 -> message[p].silent = SILENT_QUIET
  :: IS_QUIET(p) && participant[p].quiet == 0 ->
     message[p].silent = (participant[p].pushing -> MAX(SILENT_HELD, participant[p].hold) : SILENT_HELD)
  fi
}

inline bind(p) {
  INVARIANT(I2, 2, participant[p].highest <= message[p].now_epoch);
  if
  :: participant[p].epoch > 0 && participant[p].epoch < message[p].now_epoch -> REACHED(GOAL_REBIND)
  :: else
  fi;
  participant[p].epoch = message[p].now_epoch; participant[p].highest = message[p].now_epoch;
  participant[p].serial = message[p].now_serial;
  participant[p].pushing = (message[p].now_phase == Pushing);
  participant[p].quiet = 0;
#ifdef MUTANT_CAP_BEGINS_ANEW
  participant[p].cap = CAP;
#endif
#ifdef MUTANT_LEASE_OF_ITS_OWN
  participant[p].lapse = PUSH_LEASE;
#else
#ifdef MUTANT_LEASE_FROM_SENDING
  participant[p].lapse = message[p].left - message[p].old;
#else
  participant[p].lapse = message[p].left;
#endif
#endif
  participant[p].hold = (CAP > 0 -> MIN(message[p].expiry, participant[p].cap) : message[p].expiry)
}

/* Only for clearing what says nothing any more, so that equal states are one. */
inline forget(p) {
  participant[p].pushing = 0; participant[p].quiet = 0; participant[p].newer_seen = 0; participant[p].lapse = 0;
  participant[p].cap = 0; participant[p].hold = 0; participant[p].serial = 0;
#if CAP
  participant[p].held_for = 0
#endif
}

inline resume(p) {
  participant[p].state = running; participant[p].epoch = 0;
  forget(p)
}

inline fall_quiet(p) {
  check_drain(p);
  participant[p].state = (participant[p].state == booting -> drained : draining);
  participant[p].cap = CAP;
  bind(p)
}

inline answered_while_quiet(p) {
  if
#ifdef MUTANT_MISSING_RESUMES
  :: message[p].now_phase == Missing -> resume(p)
#else
  :: message[p].now_phase == Missing
#endif
#ifndef MUTANT_ACCEPTS_LOWER
  :: message[p].now_phase != Missing && participant[p].epoch > message[p].now_epoch
  :: message[p].now_phase != Missing && participant[p].epoch <= message[p].now_epoch ->
#else
  :: else ->
#endif
     if
     :: ASKS(p) -> bind(p)
     :: message[p].now_phase == Aborted || message[p].now_phase == Lapsed ->
        check_resume(p);
        resume(p)
     :: message[p].now_phase == Released ->
        if :: participant[p].quiet == 0 -> participant[p].quiet = QUIET + 2 :: else fi;
        participant[p].newer_seen = participant[p].newer_seen | message[p].newer;
        if
#ifdef MUTANT_BLIND_TO_NEWER
        :: participant[p].quiet <= 2 ->
#else
        :: participant[p].quiet <= 2 && !message[p].newer ->
#endif
           INVARIANT(I10, 10, !message[p].newer);
           REACHED(GOAL_RESUME_AFTER_RELEASE);
           resume(p)
        :: else
        fi
     :: else                /* in force, for others */
     fi
  fi
}

inline answered(p) {
  participant[p].has_answer = 1;
  if
  :: participant[p].leaving ->
     if
     :: ASKS(p) && IS_QUIET(p) && participant[p].highest <= message[p].now_epoch -> bind(p)
     :: else
     fi
  :: !participant[p].leaving && IS_QUIET(p) -> answered_while_quiet(p)
  :: !participant[p].leaving && !IS_QUIET(p) ->
     if
     :: participant[p].state == failed && participant[p].epoch == message[p].now_epoch && ASKS(p)
     :: else ->
        if :: participant[p].state == failed -> participant[p].state = running; participant[p].epoch = 0 :: else fi;
        if
#ifdef MUTANT_NO_BOOT_BARRIER
        :: participant[p].state == booting -> participant[p].state = running; participant[p].lapse = 0
#endif
#ifdef MUTANT_ACCEPTS_FINISHED
        :: message[p].addressed && message[p].now_phase != Released && participant[p].highest <= message[p].now_epoch &&
           message[p].now_epoch != participant[p].capped ->
#else
#ifdef MUTANT_ACCEPTS_LOWER
        :: ASKS(p) && message[p].now_epoch != participant[p].capped ->
#else
        :: ASKS(p) && participant[p].highest <= message[p].now_epoch && message[p].now_epoch != participant[p].capped ->
#endif
#endif
           if :: participant[p].state == booting -> REACHED(GOAL_HELD_AT_BOOT) :: else fi;
           fall_quiet(p)
        :: else ->
           if :: participant[p].state == booting -> participant[p].lapse = 0 :: else fi;
           participant[p].state = running
        fi
     fi
  fi;
  printf("participant %d heard: %e, epoch %d, lapses in %d\n", p, participant[p].state, participant[p].epoch, participant[p].lapse);
  clear_message(p)
}

/* Its own clock says so. */
inline expire(p) {
  if
  :: participant[p].quiet > 0 -> INVARIANT(I10, 10, !participant[p].newer_seen)
  :: participant[p].quiet == 0 && CAP > 0 && participant[p].cap == 0 ->
     REACHED(GOAL_RESUME_AT_CAP);
     participant[p].capped = participant[p].epoch
  :: else -> REACHED(GOAL_RESUME_BY_LAPSE)
  fi;
  printf("participant %d resumes by its own clock\n", p);
  resume(p)
}

#ifdef MUTANT_NEVER_LAPSES
#define MUST_EXPIRE(p) 0
#else
#define MUST_EXPIRE(p) (IS_QUIET(p) && !participant[p].leaving && \
  ((participant[p].quiet == 0 && HAS_LAPSED(p)) || (participant[p].quiet == 1 && !participant[p].newer_seen)))
#endif
#define MUST_START(p) (participant[p].state == booting && participant[p].lapse == 0)
