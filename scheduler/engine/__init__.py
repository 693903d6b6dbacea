"""Making it happen: from fire times to finished runs."""
