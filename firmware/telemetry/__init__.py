"""What a unit tells the CMC: topics, payloads, event codes, the durable outbox and the talk."""
