"""The rules of the Inception bundle: plain, typed Python without any Ansible import."""
