"""What comes of an answer: of texts, keys and receipts of telephones, and of buttons pressed in chats."""
