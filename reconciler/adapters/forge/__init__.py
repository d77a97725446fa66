"""Where code is reviewed and teams talk: the APIs of GitHub and GitLab, webhooks, and states over HTTP."""
