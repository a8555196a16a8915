"""What mail providers tell by themselves: signed messages in, what a mail's fate is out.

Like the reading of bounces: mechanism alone. Nothing is believed that the provider has not signed,
or that does not come with the secret that was agreed with it.
"""
