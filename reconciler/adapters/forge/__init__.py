"""Where code is reviewed and teams talk: GitHub's API, and webhooks."""
