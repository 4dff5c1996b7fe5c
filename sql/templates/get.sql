-- Returns a template version by its id.
SELECT * FROM template WHERE template_id = %(template_id)s
