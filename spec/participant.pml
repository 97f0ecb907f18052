/* The loop around the reconciler: src/participant/participant.ts, and how a process ends. */
proctype Process(byte p) {
  do
  :: d_step { may_boot(p) -> printf("participant %d boots\n", p); participant[p].life = alive; participant[p].lapse = 1 }

#if SLOW
  :: d_step { participant[p].life == alive && message[p].stage == None -> send_beat(p) }
  :: d_step { message[p].stage == Sent -> beat(p) }
  /* Its reply is lost, and the client sends it again as it was. */
  :: d_step { message[p].stage == Answered && participant[p].life == alive -> message[p].stage = Sent }
#else
  :: d_step { participant[p].life == alive && message[p].stage == None -> send_beat(p); beat(p); forget_row(p); drop_empty(p) }
#if PROMPT
  :: d_step { participant[p].life == alive && message[p].stage == None -> send_beat(p); beat(p); answered(p) }
#endif
  :: d_step { message[p].stage == Sent -> beat(p); clear_message(p) }
#endif
  :: d_step { message[p].stage != None -> clear_message(p) }
  :: d_step { message[p].stage == Answered && participant[p].life == alive -> answered(p) }

  :: d_step { participant[p].life == alive && MUST_EXPIRE(p) -> expire(p) }
  :: d_step { participant[p].life == alive && participant[p].state == booting ->
       printf("participant %d starts anyway\n", p);
       participant[p].state = running; participant[p].lapse = 0; participant[p].gave_up = 1 }
  /* The app's drain handler is done, or fails. */
  :: d_step { participant[p].life == alive && participant[p].state == draining ->
       printf("participant %d is drained\n", p); participant[p].state = drained }
#if FAILURES
  :: d_step { participant[p].life == alive && participant[p].state == draining && !participant[p].leaving ->
       participant[p].state = failed; forget(p) }
#endif

#if CRASHES
  :: d_step { participant[p].life == alive && crashes < CRASHES -> printf("participant %d crashes\n", p); crashes++; end_process(p) }
#endif
#if SIGTERMS
  :: d_step { participant[p].life == alive && !participant[p].leaving && sigterms < SIGTERMS && MAY_BE_TOLD(p) ->
       printf("participant %d: SIGTERM\n", p);
       sigterms++;
       participant[p].leaving = 1;
       participant[p].state = (participant[p].state == booting || participant[p].state == drained -> drained : draining) }
  :: d_step { participant[p].life == alive && participant[p].leaving && participant[p].state == drained && message[p].stage == None ->
       participant[p].state = exited; send_beat(p); end_process(p) }
#endif
  od
}
