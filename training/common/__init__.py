"""What the trainings of all models share: the run loop, command options, settings, reports, figures."""
