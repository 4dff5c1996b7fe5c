"""Steps that several flows have: how people are asked, told and shown things. No flow is here."""
