"""What several causes measure in the same way."""
