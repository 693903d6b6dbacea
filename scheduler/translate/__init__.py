"""From others' schedules to ours."""
