"""A small application with four scheduled tasks; schedules.example.yaml runs them. Standard library only."""
