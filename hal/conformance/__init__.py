"""Every promise of `hal.api` as a runnable check."""
