"""What is there now: a `Cloud` in, `Live` resources and answers about jobs out.

How resources are read (`read`), whose they are and what was applied to them (`ownership`), what a declaration means
among them (`resolve`), which jobs are in them (`jobs`), and what a plan has to know of all this (`facts`). Reads are
paged, kinds side by side, and nothing is read twice for one plan. No call writes, and nothing is compared: that is
`diff`.
"""
