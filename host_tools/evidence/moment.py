"""Moments as people read them."""

from datetime import UTC, datetime


def iso(utc_ms: int) -> str:
    """Write a moment as 2026-11-24T06:30:00Z."""
    return datetime.fromtimestamp(utc_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
